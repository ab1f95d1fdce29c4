/// The kernels' contracts, and the choice of implementation.
package dev.lanewise.kernels;
