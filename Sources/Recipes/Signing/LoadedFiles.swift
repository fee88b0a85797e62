extension RecipeSet {
  /// The paths in the tree of what an iPXE script has machines load, as far as its text shows, disks excepted; nil for
  /// what is no script. A path need not be in the tree.
  ///
  /// - Parameters:
  ///   - bytes: The script as it is served.
  ///   - path: Its own path in the tree, which other paths in it start from.
  public func filesLoaded(byScript bytes: [UInt8], at path: String) -> Set<String>? {
    guard ParsedScript.isScript(bytes) else { return nil }
    let script = CheckedScript(
      ScriptText(bytes, file: path, folder: folder), name: path, target: nil, SiteAddress(site))
    let folder = path.split(separator: "/").dropLast().map(String.init)
    var found: Set<String> = []
    for call in script.calls where !call.usesDisk {
      for file in call.files {
        var loaded = file.path
        if loaded == nil, file.scheme == nil, file.value.isWhole, !file.value.text.hasPrefix("/") {
          loaded = (folder + [file.value.text]).joined(separator: "/")
        }
        guard let loaded else { continue }
        // A script that verifies names the signature, and may have loaded the file by a way that is not seen.
        found.insert(Site.Signing.signedFile(of: loaded) ?? loaded)
      }
    }
    return found
  }
}
