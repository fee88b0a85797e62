/// What files of an output tree are, for the header Content-Type.
///
/// iPXE looks at none of it. UEFI HTTP boot does: by `application/efi` it starts a program, by the two
/// `vnd.efi` types it mounts an image (UEFI specification, "HTTP Boot"; IANA's list of media types).
enum MediaTypes {
  /// In the order of their names.
  static let known: [(type: String, extensions: [String])] = [
    ("application/efi", ["efi"]),
    ("application/gzip", ["gz", "tgz"]),
    ("application/json", ["json"]),
    ("application/vnd.efi-img", ["img"]),
    ("application/vnd.efi-iso", ["iso"]),
    ("application/xml", ["plist", "xml"]),
    ("application/zip", ["zip"]),
    ("image/jpeg", ["jpeg", "jpg"]),
    ("image/png", ["png"]),
    ("text/css", ["css"]),
    ("text/html", ["htm", "html"]),
    (
      "text/plain",
      ["cfg", "conf", "ipxe", "ks", "log", "preseed", "seed", "sh", "txt", "yaml", "yml"]
    ),
  ]

  /// Of everything else: kernels, WIM and squashfs files, programs for a BIOS.
  static let other = "application/octet-stream"
}
