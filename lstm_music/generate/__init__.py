"""From a seed to new music: sampling under the grammar."""
