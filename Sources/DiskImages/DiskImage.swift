/// A disc image with an ISO 9660 or UDF file system, read in place: nothing is mounted, nothing is copied,
/// and what is not asked for is not read.
public struct DiskImage: Sendable {
  enum Volume {
    case iso9660(ISO9660)
    case udf(UDF)
  }

  public let file: ImageFile
  /// Of the primary volume descriptor of ISO 9660; of the logical volume where there is only UDF.
  public let volumeID: String
  let volume: Volume

  /// Where an image has both file systems (a bridge), UDF is read, as mount(8) does: the other often
  /// shows a README only, and cannot hold files of 4 GiB.
  ///
  /// - Throws: `ImageError`; `.notAnImage` when there is neither file system.
  public init(_ file: ImageFile) throws(ImageError) {
    self.file = file
    let udf = try UDF(file)
    let iso = try ISO9660(file)
    switch (udf, iso) {
    case (let udf?, let iso):
      volume = .udf(udf)
      volumeID = iso?.volumeID ?? udf.volumeID
    case (nil, let iso?):
      volume = .iso9660(iso)
      volumeID = iso.volumeID
    case (nil, nil):
      throw ImageError(
        .notAnImage, "it has neither an ISO 9660 nor a UDF file system (it has \(file.size) bytes)")
    }
  }

  /// What is read of it: "UDF", "ISO 9660 with Rock Ridge".
  public var format: String {
    switch volume {
    case .udf: "UDF"
    case .iso9660(let iso):
      switch iso.names {
      case .plain: "ISO 9660"
      case .joliet: "ISO 9660 with Joliet"
      case .rockRidge: "ISO 9660 with Rock Ridge"
      }
    }
  }

  var root: ImageFolder {
    switch volume {
    case .udf(let udf): udf.root
    case .iso9660(let iso): iso.root
    }
  }

  /// True when names of one spelling in other cases mean the same file to whoever wrote the image.
  var ignoresCase: Bool {
    switch volume {
    case .udf: true
    case .iso9660(let iso):
      if case .rockRidge = iso.names { false } else { true }
    }
  }

  /// What a folder holds, in the image's order.
  ///
  /// - Parameter name: What messages call it.
  func entries(of folder: ImageFolder, name: String) throws(ImageError) -> [ImageEntry] {
    switch (volume, folder) {
    case (.udf(let udf), .entry(let address)): return try udf.entries(at: address, name: name)
    case (.iso9660(let iso), .extent(let offset, let size)):
      return try iso.entries(offset: offset, size: size, name: name)
    default: throw .damaged("its folder '\(name)' is not of its own file system")
    }
  }

  /// The bytes of a small file by its path; nil when there is none, or when it is larger than `limit`.
  public func smallFile(_ path: String, atMost limit: Int64) throws(ImageError) -> [UInt8]? {
    guard let entry = try entry(at: path), case .file(let content) = entry.kind,
      content.size <= limit
    else { return nil }
    return try content.bytes(in: file, atMost: limit, name: path)
  }

  /// The names in a folder; empty when there is no such folder.
  public func names(in path: String) throws(ImageError) -> [String] {
    guard let entry = try entry(at: path), case .folder(let folder) = entry.kind else { return [] }
    return try entries(of: folder, name: path).map(\.name)
  }

  /// Links are not followed.
  ///
  /// - Parameter ignoringCase: True for names whose letters may have either case whatever the image thinks of that;
  ///   one that is spelled as asked comes first.
  func entry(at path: String, ignoringCase: Bool = false) throws(ImageError) -> ImageEntry? {
    let ignoresCase = ignoringCase || ignoresCase
    var found = ImageEntry(name: "", kind: .folder(root), isExecutable: false)
    for component in path.split(separator: "/") {
      guard case .folder(let folder) = found.kind else { return nil }
      let entries = try entries(of: folder, name: path)
      guard
        let next = entries.first(where: { $0.name == component })
          ?? (ignoresCase
            ? entries.first { $0.name.lowercased() == component.lowercased() } : nil)
      else { return nil }
      found = next
    }
    return found
  }
}
