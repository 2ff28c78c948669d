"""The language of letters: what of Liquid they speak, how fields read in it, and what is told of a faulty template."""
