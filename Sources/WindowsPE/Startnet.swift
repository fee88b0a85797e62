/// What Windows PE runs when it has started: `\Windows\System32\startnet.cmd`.
public enum Startnet {
  /// Where the drivers that pxebuild put into an image are, and what loads them.
  public static let driverFolder = "Drivers"
  public static let driverScript = "load.cmd"

  /// A share with the installation files of a Windows, and who Windows PE says that it is.
  public struct Share: Sendable, Hashable {
    public var server: String
    public var name: String
    public var user: String
    /// A secret.
    public var password: String

    public init(server: String, name: String, user: String, password: String) {
      self.server = server
      self.name = name
      self.user = user
      self.password = password
    }

    public var path: String { "\\\\\(server)\\\(name)" }
  }

  /// The drivers come before the network, which may need one of them. An image without any has no such file.
  private static let loadDrivers =
    "if exist %SystemDrive%\\\(driverFolder)\\\(driverScript) call %SystemDrive%\\\(driverFolder)\\\(driverScript)"

  /// A person's own lines.
  public static func text(ofLines lines: String) -> [UInt8] { text(ofLines: Array(lines.utf8)) }

  /// The same of lines in any code page.
  public static func text(ofLines lines: [UInt8]) -> [UInt8] {
    CommandText.lines(Array("@\(loadDrivers)\n".utf8) + lines)
  }

  /// Connects to a share and starts the setup program that is in it.
  ///
  /// - Precondition: nothing of the share has a `CommandText.problem`.
  public static func text(installingFrom share: Share) -> [UInt8] {
    let argument = CommandText.argument
    let text = """
      @echo off
      rem Written by pxebuild from the recipe, which is the place to change it.
      \(loadDrivers)
      wpeinit
      wpeutil WaitForNetwork
      net use Y: \(argument(share.path)) \(argument("/user:\(share.user)")) \(argument(share.password))
      if not errorlevel 1 goto connected
      echo.
      echo The share \(argument(share.path)) cannot be reached; the lines above say why.
      echo If ipconfig shows no network card, this image lacks its driver.
      goto end
      :connected
      Y:\\setup.exe
      :end

      """
    return CommandText.lines(text.utf8)
  }

  /// `\Windows\System32\winpeshl.ini`, which has Windows PE run something else than startnet.cmd.
  ///
  /// - Parameters:
  ///   - script: The name of a file at the image's root.
  ///   - afterDrivers: True to load the image's drivers before.
  public static func shellSettings(running script: String, afterDrivers: Bool) -> [UInt8] {
    let drivers = "%SYSTEMDRIVE%\\\(driverFolder)\\\(driverScript)\n"
    return CommandText.lines(
      "[LaunchApps]\n\(afterDrivers ? drivers : "")%SYSTEMDRIVE%\\\(script)\n".utf8)
  }

  /// The text of a script with `***` for what `net use` is given as a password: for people to look at.
  public static func withoutPasswords(_ text: String) -> String {
    text.split(omittingEmptySubsequences: false) { $0.isNewline }.map { line -> String in
      var words = line.split(separator: " ").map(String.init)
      guard
        let user = words.firstIndex(where: { $0.lowercased().hasPrefix("/user:") }),
        line.lowercased().contains("net use"),
        let share = words.firstIndex(where: { $0.hasPrefix("\\\\") || $0.hasPrefix("^\"\\\\") })
      else { return String(line) }
      // Whatever follows the user, and whatever stands between the share and the user.
      words =
        words.prefix(max(user, share) + 1) + (words.count > max(user, share) + 1 ? ["***"] : [])
      if user > share + 1 { words.replaceSubrange((share + 1)..<user, with: ["***"]) }
      return words.joined(separator: " ")
    }.joined(separator: "\n")
  }
}
