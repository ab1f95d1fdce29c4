/// Import and export of Keras files: `.h5`, `.keras` and `.weights.h5`.
package dev.lanewise.keras;
