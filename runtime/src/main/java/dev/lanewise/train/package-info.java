/// Training and evaluation: losses, optimizers, metrics.
package dev.lanewise.train;
