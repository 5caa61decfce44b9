"""The vote log's formats, without Django: RFC 6962 tree and proofs, C2SP notes, checkpoints, tiles and proofs, canonical JSON.

Standard library only. Signing and signature checks are callables that the caller brings.
"""
