/// The comment that every config starts with.
enum ConfigNote {
  /// For formats whose comments start with "#".
  ///
  /// - Parameter file: Where the server looks for it.
  static func hash(_ server: String, file: String) -> String {
    "# For \(server): \(file)\n# \(whence)"
  }

  static let whence = "Written by pxebuild from the recipes: change those, not this file."
}
