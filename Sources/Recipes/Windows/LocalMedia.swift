import WindowsPE

/// Media of Windows that are a folder or a file of this machine, as far as they show themselves without being unpacked.
enum LocalMedia {
  /// The files of a folder that a Windows PE may be made of, as paths in it, and the folders that were looked
  /// into, as whole paths.
  static func content(of folder: String) -> (files: [String], folders: [String]) {
    var found: [String] = []
    var folders: [String] = []
    func visit(_ path: String) {
      let place = path.isEmpty ? folder : "\(folder)/\(path)"
      folders.append(place)
      guard case .success(let names) = LocalFile.names(in: place) else { return }
      for name in names where name != "." && name != ".." {
        let whole = path.isEmpty ? name : "\(path)/\(name)"
        switch LocalFile.kind("\(place)/\(name)") {
        case .success(.folder): if MediaLayout.isKnownFolder(whole) { visit(whole) }
        case .success(.file): if MediaLayout.isKnown(whole) { found.append(whole) }
        case .success(.other), .failure: break
        }
      }
    }
    visit("")
    return (found, folders)
  }

  /// An .inf of this machine and the files that it names for any machine, as paths in its folder, as far as they are
  /// there.
  static func driverFiles(_ path: String) -> [String] {
    let name = baseName(path)
    guard case .success(let bytes) = LocalFile.read(path, atMost: 16 << 20),
      let inf = try? InfFile(bytes)  // what is wrong with it is told with all other drivers' faults
    else { return [name] }
    let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    let driver = Driver(inf)
    let wanted = Architecture.allCases.flatMap { architecture in
      driver.files(for: architecture).map(\.path).flatMap { [$0, $0.dropLast() + "_"] }
        + driver.catalogs(for: architecture)
    }
    var found: Set<String> = [name]
    for file in wanted + driver.included where TargetPath.problem(with: file) == nil {
      if let spelled = LocalFile.spelling(of: file, in: folder) { found.insert(spelled) }
    }
    return found.sorted()
  }

  /// What is wrong with media, found without unpacking them.
  static func check(
    _ path: String, _ reference: ArtifactReference, _ architecture: Architecture?,
    _ checker: inout Checker
  ) {
    guard case .success(.folder) = LocalFile.kind(path) else {
      checkImage(path, reference, &checker)
      return
    }
    let content = content(of: path)
    // A file that is put there later is another medium.
    checker.filesRead += content.folders
    let files = Dictionary(
      content.files.map { ($0.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
    let wanted = MediaLayout.paths(of: .image, architecture)
    if let found = wanted.lazy.compactMap({ files[$0] }).first {
      checkImage("\(path)/\(found)", reference, &checker)
    } else if files["winpe.cab"] == nil, files["waikamd64.msi"] == nil, files["waikx86.msi"] == nil
    {
      checker.error(
        "there is no Windows PE in \(quoted(reference.name))", at: reference.location,
        help: "looked for \(wanted.joined(separator: ", "))")
    }
  }

  /// A WIM says in its first bytes what it is.
  private static func checkImage(
    _ path: String, _ reference: ArtifactReference, _ checker: inout Checker
  ) {
    guard case .success(let bytes) = LocalFile.read(path, atMost: WimHeader.size) else { return }
    let name = baseName(path)
    guard let header = WimHeader(bytes) else {
      guard name.lowercased().hasSuffix(".wim") else { return }
      checker.error(
        "\(quoted(name)) is no Windows image", at: reference.location,
        help: "it has not the first bytes of a WIM; look at it with: file \(printable(path))")
      return
    }
    guard let problem = header.problem else { return }
    checker.error(
      "Windows PE cannot be made of \(quoted(name)): \(problem.reason)", at: reference.location,
      help: problem.advice)
  }
}

extension LocalFile {
  /// A path in a folder as it is spelled there, whatever the case of its letters; nil when there is none.
  static func spelling(of path: String, in folder: String) -> String? {
    var reached: [String] = []
    for part in path.split(separator: "/").map(String.init) {
      guard case .success(let names) = names(in: ([folder] + reached).joined(separator: "/"))
      else { return nil }
      guard
        let name = names.first(where: { $0 == part })
          ?? names.first(where: { $0.lowercased() == part.lowercased() })
      else { return nil }
      reached.append(name)
    }
    return reached.joined(separator: "/")
  }
}
