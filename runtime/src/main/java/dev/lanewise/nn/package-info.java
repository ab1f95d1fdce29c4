/// Layers, graphs, models and their memory.
package dev.lanewise.nn;
