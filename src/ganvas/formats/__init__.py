"""Files and numbers that other programs and languages share: model.json, latents, picture sheets. No torch."""
