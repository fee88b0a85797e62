/// `\Drivers\load.cmd`, which startnet.cmd calls before wpeinit: it loads what was put into the image.
public enum DriverScript {
  /// Why an .inf cannot be named in it, or nil.
  public static func problem(withName name: String) -> String? {
    name.contains("\"") ? "a quote" : CommandText.problem(with: name)
  }

  /// - Parameter infs: The paths below `\Drivers`, with "/", in the order in which they are loaded.
  /// - Precondition: none of them has a `problem`.
  public static func text(loading infs: [String]) -> [UInt8] {
    var lines = [
      "@echo off",
      "rem Written by pxebuild: loads the drivers of this folder. What came of it is in load.log.",
      "set pxebuildlog=%~dp0load.log",
    ]
    for inf in infs {
      let path = inf.replacing("/", with: "\\").replacing("%", with: "%%")
      lines += [
        "echo \(CommandText.argument(inf.replacing("/", with: "\\")))>>\"%pxebuildlog%\"",
        "drvload \"%~dp0\(path)\">>\"%pxebuildlog%\" 2>&1",
        "if errorlevel 1 echo The driver \(CommandText.argument(inf.replacing("/", with: "\\"))) was not loaded, see %pxebuildlog%",
      ]
    }
    return CommandText.lines((lines.joined(separator: "\n") + "\n").utf8)
  }
}
