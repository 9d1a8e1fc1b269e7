"""Models as folders that ``tf.keras.models.load_model`` reads, with the layers of Keras only.

`architecture` describes a network, `program` builds it with Keras in a process of its own, `process` talks to that
process. TensorFlow would take the memory of all GPUs, and its settings hold for a whole process: neither happens to the
user's.
"""
