"""Tests of decisions and settlements, told as stories."""
