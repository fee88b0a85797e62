	.section ".prefix", "ax", @progbits
	.code16
	.globl mbr
mbr:	jmp mbr
	.org 510
	.word 0xaa55
	.globl obj_usbdisk
obj_usbdisk:
	.section ".note.GNU-stack", "", @progbits
