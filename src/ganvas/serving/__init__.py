"""An exported model that draws: in onnxruntime, behind HTTP, in a cloud function. Nothing here imports torch."""
