/// One record per layer, named as Keras names them.
package dev.lanewise.nn.layer;
