"""The verbs as functions: values in, values out, no text and no printing."""
