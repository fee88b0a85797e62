/// Which Debian or Ubuntu package brings a program, a header, a library or a file, and what else a
/// program needs to be of use. The one table; a new need gets its line here.
enum DebianPackages {
  /// Programs by package.
  private static let programs: [String: [String]] = [
    "apache2": ["apache2", "apachectl"],
    "apt": ["apt", "apt-cache", "apt-get"],
    "binutils": [
      "ar", "as", "ld", "ld.bfd", "nm", "objcopy", "objdump", "ranlib", "readelf", "size",
      "strings",
      "strip",
    ],
    "bash": ["bash"],
    "bubblewrap": ["bwrap"],
    "bzip2": ["bzip2"],
    "ca-certificates": ["update-ca-certificates"],
    "cabextract": ["cabextract"],
    "coreutils": [
      "basename", "cat", "chmod", "cksum", "cp", "csplit", "cut", "date", "dd", "dirname", "echo",
      "env", "expr", "false", "head", "install", "ln", "ls", "mkdir", "mktemp", "mv", "nproc", "od",
      "printf", "pwd", "rm", "rmdir", "sha256sum", "sort", "tail", "test", "touch", "tr", "true",
      "truncate", "uname", "uniq", "wc",
    ],
    "cpio": ["cpio"],
    "cpp": ["cpp"],
    "dash": ["dash", "sh"],
    "diffutils": ["cmp", "diff"],
    "dnsmasq-base": ["dnsmasq"],
    "dosfstools": ["mkfs.fat", "mkfs.vfat"],
    "dpkg": ["dpkg", "dpkg-deb", "dpkg-query"],
    "fdisk": ["sfdisk"],
    "findutils": ["find", "xargs"],
    "gcc": ["cc", "cc1", "gcc"],
    "genisoimage": ["genisoimage", "mkisofs"],
    "git": ["git"],
    "grep": ["grep"],
    "gzip": ["gzip", "zcat"],
    "isc-dhcp-server": ["dhcpd"],
    "kea-dhcp4-server": ["kea-dhcp4"],
    "make": ["make"],
    "mawk": ["awk", "mawk"],
    "mtools": [
      "mattrib", "mcopy", "mdel", "mdir", "mformat", "minfo", "mlabel", "mmd", "mmove",
      "mpartition",
      "mren", "mtype",
    ],
    "nfs-ganesha": ["ganesha.nfsd"],
    "nfs-kernel-server": ["exportfs", "rpc.mountd", "rpc.nfsd"],
    "nftables": ["nft"],
    "nginx-light": ["nginx"],
    "openssl": ["openssl"],
    "7zip": ["7zz"],
    "patch": ["patch"],
    "perl": ["perl"],
    "python3": ["python3"],
    "qemu-system-arm": ["qemu-system-aarch64"],
    "qemu-system-x86": ["qemu-system-i386", "qemu-system-x86_64"],
    "qemu-utils": ["qemu-img"],
    "rpcbind": ["rpcbind"],
    "samba": ["smbd"],
    "samba-common-bin": ["smbpasswd", "testparm"],
    "sbsigntool": ["sbsign", "sbverify"],
    "sed": ["sed"],
    "syslinux": ["syslinux"],
    "syslinux-utils": ["isohybrid"],
    "systemd": ["systemd-analyze"],
    "tar": ["tar"],
    "tftpd-hpa": ["in.tftpd"],
    "unzip": ["unzip"],
    "util-linux": ["unshare"],
    "wimtools": ["mkwinpeimg", "wimlib-imagex"],
    "xorriso": ["xorriso", "xorrisofs"],
    "xz-utils": ["xz"],
  ]

  /// Headers and libraries for the C compiler.
  private static let development: [String: [String]] = [
    "libc6-dev": ["stdio.h"],
    "liblzma-dev": ["lzma.h", "liblzma.so"],
    "libwim-dev": ["wimlib.h", "libwim.so"],
  ]

  /// Files that programs read, by the package and its folder.
  private static let files: [(prefix: String, package: String)] = [
    ("/usr/lib/ISOLINUX/", "isolinux"),
    ("/usr/lib/syslinux/", "syslinux-common"),
    ("/usr/share/AAVMF/", "qemu-efi-aarch64"),
    ("/usr/share/OVMF/OVMF32", "ovmf-ia32"),
    ("/usr/share/OVMF/", "ovmf"),
    ("/etc/ssl/certs/", "ca-certificates"),
  ]

  /// What a program cannot do its work without. `gcc` stands for compiling programs of this machine,
  /// as iPXE does with its own tools; one of them, zbin, packs with liblzma.
  private static let companions: [String: [String]] = [
    "gcc": ["cc1", "as", "ld", "stdio.h", "lzma.h", "liblzma.so"]
  ]

  /// The C compilers of other architectures are named by what they compile for; so are their packages.
  private static let crossTools: Set<String> = [
    "ar", "as", "cpp", "gcc", "ld", "nm", "objcopy", "objdump", "ranlib", "readelf", "size",
    "strip",
  ]

  /// The package that brings a thing, by its name: a program, a header ("lzma.h"), a library
  /// ("liblzma.so") or a file with its whole path. Nil when Debian has none, or we do not know it.
  static func package(for name: String) -> String? {
    if name.hasPrefix("/") { return files.first { name.hasPrefix($0.prefix) }?.package }
    for table in [programs, development] {
      if let entry = table.first(where: { $0.value.contains(name) }) { return entry.key }
    }
    return crossPackage(for: name)
  }

  /// The things that have to be there with this one.
  static func companions(of name: String) -> [String] { companions[name] ?? [] }

  /// "aarch64-linux-gnu-gcc" comes with gcc-aarch64-linux-gnu, "gcc-12" with gcc-12.
  private static func crossPackage(for name: String) -> String? {
    if name.hasPrefix("gcc-"), name.dropFirst(4).allSatisfy(\.isNumber) { return name }
    let parts = name.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count >= 3, let tool = parts.last.map(String.init), crossTools.contains(tool) else {
      return nil
    }
    // A package's name has no underscore.
    let triple = parts.dropLast().joined(separator: "-").map { $0 == "_" ? "-" : $0 }
    let kind = tool == "gcc" || tool == "cpp" ? tool : "binutils"
    return "\(kind)-\(String(triple))"
  }
}
