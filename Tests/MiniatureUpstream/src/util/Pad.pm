package Pad;
sub file {
	my ( $name, $size ) = @_;
	my $rest = ( -s $name ) % $size;
	open my $file, ">>", $name or die "$name: $!\n";
	print $file "\0" x ( $size - $rest ) if $rest;
	close $file or die "$name: $!\n";
}
1;
