/// The commands, one small class each, and what they share.
package dev.lanewise.cli;
