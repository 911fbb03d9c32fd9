"""Pages of one file each: HTML with its own style, script and pictures, and no request at all."""
