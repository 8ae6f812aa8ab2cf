import torch

# The networks of the tests are tiny: a second thread costs them more than it brings, and less is left for other work.
torch.set_num_threads(1)
