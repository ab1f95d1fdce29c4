/// JMH benchmarks, one class per question.
package dev.lanewise.bench;
