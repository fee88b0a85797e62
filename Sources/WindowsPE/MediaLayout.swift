/// Where things are on the media that Windows PE comes on, in small letters: names on them mean the same in any case.
///
/// Known are a Windows medium (`sources/boot.wim`), what copype writes (`media/`, `winpe.wim`, `fwfiles/`; `ISO/` in the
/// WAIK), the ADK's own folders (`amd64/Media`, `amd64/en-us/winpe.wim`), the WAIK's supplement (`amd64/winpe.wim`), a
/// folder with the files alone, and the WAIK (cabinets).
public enum MediaLayout {
  public enum Part: Sendable, CaseIterable {
    case image, bcd, sdi
    /// What boots a CD in BIOS and in UEFI, and what that loads.
    case biosBootImage, efiBootImage, bootManager, efiBootManager, efiBootFile, efiBCD
  }

  /// Folders that hold a whole medium.
  private static func roots(_ architecture: Architecture?) -> [String] {
    ["", "media/", "iso/"]
      + architectures(architecture).flatMap { ["\($0)/", "\($0)/media/"] }
  }

  /// The folders of an architecture; of all when none is asked for.
  private static func architectures(_ architecture: Architecture?) -> [String] {
    switch architecture {
    case nil: ["amd64", "x86", "arm64"]
    case .amd64?: ["amd64", "x64"]
    case .x86?: ["x86", "i386"]
    case .arm64?: ["arm64"]
    }
  }

  /// The paths that a part may have, the likeliest first.
  ///
  /// - Parameter architecture: The one that is asked for, or that of the image once it is known.
  public static func paths(of part: Part, _ architecture: Architecture?) -> [String] {
    let roots = roots(architecture)
    func inAll(_ path: String) -> [String] { roots.map { $0 + path } }
    switch part {
    case .image:
      return ["sources/boot.wim", "media/sources/boot.wim", "iso/sources/boot.wim"]
        + ["winpe.wim", "boot.wim"]
        + architectures(architecture).flatMap {
          ["\($0)/winpe.wim", "\($0)/en-us/winpe.wim", "\($0)/sources/boot.wim"]
        }
    case .bcd: return inAll("boot/bcd") + inAll("efi/microsoft/boot/bcd") + ["bcd"]
    case .sdi: return inAll("boot/boot.sdi") + ["boot.sdi"]
    case .biosBootImage:
      return inAll("boot/etfsboot.com") + ["fwfiles/etfsboot.com", "etfsboot.com"]
    case .efiBootImage:
      return inAll("efi/microsoft/boot/efisys.bin") + ["fwfiles/efisys.bin", "efisys.bin"]
    case .bootManager: return inAll("bootmgr")
    case .efiBootManager: return inAll("bootmgr.efi")
    case .efiBootFile: return inAll("efi/boot/\((architecture ?? .amd64).removableBootFile)")
    case .efiBCD: return inAll("efi/microsoft/boot/bcd")
    }
  }

  /// The folders that a medium's fonts for the boot loader may be in.
  public static func fontFolders(_ architecture: Architecture?) -> [String] {
    roots(architecture).map { "\($0)boot/fonts" }
  }

  /// The paths in the image itself, for what a medium has not.
  public static func pathsInImage(of part: Part) -> [String] {
    func inDVD(_ names: [String]) -> [String] { names.map { "/Windows/Boot/DVD/\($0)" } }
    switch part {
    case .bcd: return inDVD(["PCAT/BCD", "EFI/BCD"])
    case .sdi: return inDVD(["PCAT/boot.sdi", "EFI/boot.sdi"])
    case .efiBCD: return inDVD(["EFI/BCD"])
    case .biosBootImage: return inDVD(["PCAT/etfsboot.com"])
    case .efiBootImage: return inDVD(["EFI/en-US/efisys.bin", "EFI/efisys.bin"])
    case .bootManager: return ["/Windows/Boot/PCAT/bootmgr"]
    case .efiBootManager, .efiBootFile:
      return ["/Windows/Boot/EFI/bootmgr.efi", "/Windows/Boot/EFI/bootmgfw.efi"]
    case .image: return []
    }
  }

  public static let fontFolderInImage = "/Windows/Boot/Fonts"

  /// Cabinets of the WAIK: which one a part is in, and under which name.
  public static func cabinet(of part: Part, _ architecture: Architecture) -> (
    file: [String], member: String
  )? {
    guard architecture != .arm64 else { return nil }
    let name = architecture.rawValue.uppercased()
    let installer = ["waik\(name).msi".lowercased()]
    let number = architecture == .x86 ? 1 : 3
    switch part {
    case .image: return (["winpe.cab"] + installer, "F\(number)_WINPE.WIM")
    case .bcd: return (installer, "F_WINPE_\(name)_bcd")
    case .sdi: return (installer, "F_WINPE_\(name)_boot.sdi")
    case .biosBootImage: return (installer, "F_WINPE_\(name)_etfsboot.com")
    case .bootManager: return (installer, "F\(number)_BOOTMGR")
    case .efiBootImage, .efiBootManager, .efiBootFile, .efiBCD: return nil
    }
  }

  /// True for a path that some part may have, on a medium of any architecture.
  public static func isKnown(_ path: String) -> Bool {
    let path = path.lowercased()
    return knownPaths.contains(path) || knownFontFolders.contains { path.hasPrefix("\($0)/") }
  }

  /// True for a folder that such a path may be in.
  public static func isKnownFolder(_ path: String) -> Bool {
    knownFolders.contains(path.lowercased())
  }

  private static let knownFolders: Set<String> = {
    var folders = knownFontFolders
    for path in knownPaths.union(knownFontFolders) {
      var rest = path[...]
      while let slash = rest.lastIndex(of: "/") {
        rest = rest[..<slash]
        folders.insert(String(rest))
      }
    }
    return folders
  }()

  private static let knownPaths: Set<String> = {
    let architectures: [Architecture?] = [nil] + Architecture.allCases
    var paths: Set<String> = ["winpe.cab", "waikamd64.msi", "waikx86.msi"]
    for part in Part.allCases {
      for architecture in architectures {
        paths.formUnion(MediaLayout.paths(of: part, architecture))
      }
    }
    return paths
  }()

  private static let knownFontFolders: Set<String> = Set(
    ([nil] + Architecture.allCases).flatMap(fontFolders))
}
