"""What the forecast takes for granted: figures of GPUs and networks, each with where it is from.

"Data sheet": the maker's, for the arithmetic of dense matrices and one direction of a link. "Assumption": ours, neither
measured nor published; the ones that matter most can be given on the command line.
"""

from dataclasses import dataclass

# Of the peak that a data sheet names, what the convolutions of a step with 3 to 512 channels reach. Assumption.
SHARE_OF_PEAK_FLOPS = 0.3
# Of the memory's rate, what an operation on large maps reaches. Assumption.
SHARE_OF_PEAK_BYTES = 0.8
# From one operation of PyTorch to the next, on the host: 10 us were measured on a CPU (here.py). That a launch on a GPU
# takes 2 us more is an assumption.
LAUNCH_S = 12e-6
# Of a link's rate, what a sum over processes reaches. Assumption.
SHARE_OF_LINK = 0.7
# A sum of a few bytes by NCCL, in a node. Assumption.
NCCL_S = 20e-6
# What a message takes from node to node. Assumptions: a switch of InfiniBand; TCP in a data centre.
INFINIBAND_S, TCP_S = 5e-6, 30e-6
# Drawing a random number on a CPU. Assumption; it is below 10 ns on the machines that we know.
DRAWN_S = 5e-9
# Of a disk that all nodes share, as one process writes to it. Assumption.
DISK_BYTES = 500e6
# Bytes of a picture in a shard, for each pixel. From the sizes of FFHQ (github.com/NVlabs/ffhq-dataset): 70,000 PNGs of
# 1,024 px in 89.1 GB, of 128 px in 1.95 GB; 64 px as those, 256 px between the two.
PNG_BYTES_PER_PX = {1024: 1.21, 256: 1.6, 64: 1.7}


@dataclass(frozen=True)
class Device:
    """What computes.

    flops, bytes: a second, as reached. memory: bytes. launch_s: seconds of the host for each operation. runs_ahead:
    whether the host launches while the device computes; on a CPU they are one. dollars: an hour.
    """

    name: str
    flops: float
    bytes: float
    launch_s: float
    runs_ahead: bool
    memory: float = 0.0
    dollars: float = 0.0


def gpu(name: str, peak_flops: float, peak_bytes: float, memory: float, dollars: float) -> Device:
    """Args: peak_flops: dense, bfloat16, which Ganvas uses on a GPU. dollars: an hour, an assumption."""
    return Device(
        name,
        SHARE_OF_PEAK_FLOPS * peak_flops,
        SHARE_OF_PEAK_BYTES * peak_bytes,
        LAUNCH_S,
        runs_ahead=True,
        memory=memory,
        dollars=dollars,
    )


@dataclass(frozen=True)
class Network:
    """What joins processes.

    per_node: processes of a machine. inside, between: bytes a second that a sum over processes has, in a machine and
    from one to the next. sum_s: a sum of nothing, in a machine. hop_s: a message between machines, of GPUs; host_hop_s:
    of their hosts.
    """

    per_node: int
    inside: float
    between: float
    sum_s: float
    hop_s: float
    host_hop_s: float


def cluster(link: float, cards: float, hop_s: float) -> Network:
    """Eight GPUs a node. Args: link: bytes a second of a GPU's link, one way. cards: of a node's network cards."""
    return Network(8, SHARE_OF_LINK * link, SHARE_OF_LINK * min(link, cards), NCCL_S, hop_s, TCP_S)


# Data sheets: NVIDIA A100 80 GB SXM (2021), H100 SXM (2023), L4 (2023); half of the arithmetic where they name it with
# sparsity. Prices are assumptions, of the order of what clouds asked for by the hour in 2025.
GPUS = {
    "H100": gpu("H100", 989e12, 3.35e12, 80e9, dollars=3.0),
    "A100": gpu("A100", 312e12, 2.039e12, 80e9, dollars=1.8),
    "L4": gpu("L4", 121e12, 300e9, 24e9, dollars=0.7),
}
# NVLink 4 and 3 of the same data sheets, one way; a network card for each GPU, of 400 and of 200 Gb/s (DGX H100, DGX
# A100). L4s have PCIe 4.0 x16 and share one card of 100 Gb/s, as machines of clouds do.
NETWORKS = {
    "H100": cluster(450e9, 8 * 50e9, INFINIBAND_S),
    "A100": cluster(300e9, 8 * 25e9, INFINIBAND_S),
    "L4": cluster(32e9, 12.5e9, TCP_S),
}
