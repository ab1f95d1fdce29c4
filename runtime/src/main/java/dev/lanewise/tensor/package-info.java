/// Shapes, tensors and the memory under them.
package dev.lanewise.tensor;
