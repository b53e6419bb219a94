/* Everything, as built without a configuration header. */
