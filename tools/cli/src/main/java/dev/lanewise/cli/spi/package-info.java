/// What other modules implement to add commands.
package dev.lanewise.cli.spi;
