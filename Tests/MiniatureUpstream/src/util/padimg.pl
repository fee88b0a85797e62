#!/usr/bin/perl
# Pads a file to a multiple of a block.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin";
use Pad;
my ( $option, $file ) = @ARGV;
my ( $size ) = $option =~ /^--blksize=(\d+)$/ or die "usage: padimg.pl --blksize=N FILE\n";
Pad::file ( $file, $size );
