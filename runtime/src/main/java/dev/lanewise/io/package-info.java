/// The model file.
package dev.lanewise.io;
