#!/usr/bin/perl
# Puts the boot sector and the header of a Linux kernel before a file.
use strict;
use warnings;
my ( $file ) = @ARGV;
open my $in, '<:raw', $file or die "$file: $!\n";
my $content = do { local $/; <$in> };
close $in;
open my $out, '>:raw', $file or die "$file: $!\n";
print $out pack ( 'x510 C2 x2 a4 x506', 0x55, 0xaa, 'HdrS' ), $content;
close $out or die "$file: $!\n";
