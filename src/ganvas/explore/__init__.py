"""Ways to play a trained generator: films through latent space, directions, photos, mixtures, blends."""
