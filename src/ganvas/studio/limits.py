"""What may be sent to the studio at most."""

BODY_BYTES = 4_000_000  # of any request but uploads: the edits of a set of 20,000 files
UPLOAD_BYTES = 4_000_000_000  # of one file, which may be a zip or a video; it goes to the disk as it comes
UPLOAD_FILES = 20_000  # of one set
UPLOADED_AT_ONCE = 64  # pictures in one request
PIXELS = 100_000_000  # of one picture: data.limits.LARGEST_PIXELS, without what that imports
