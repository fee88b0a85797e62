import CWim
import Glibc

extension WimFile {
  /// One change of an image.
  public enum Change: Sendable, Equatable {
    /// Lays the content of a folder of this machine over the image's root; what is there already is replaced.
    case add(folder: String)
    /// Paths with "/" at their start.
    case rename(String, to: String)
    case delete(String)
  }

  /// Copies an image into another WIM, as the one that boots there. The files themselves follow when the other
  /// one is written, so this WIM's file has to stay where it is until then.
  public func export(image: Int, to other: WimFile) throws(WimError) {
    try Wimlib.call {
      wimlib_export_image(
        handle, CInt(image), other.handle, nil, nil, CInt(WIMLIB_EXPORT_FLAG_BOOT))
    }
  }

  /// Adds an image without files.
  func addImage(named name: String) throws(WimError) {
    try Wimlib.call { wimlib_add_empty_image(handle, name, nil) }
  }

  /// Changes an image. No other WIM may have been exported from or to it and be open still.
  public func update(image: Int, _ changes: [Change]) throws(WimError) {
    guard !changes.isEmpty else { return }
    var texts: [UnsafeMutablePointer<CChar>?] = []
    defer { for text in texts { free(text) } }
    func text(_ string: String) -> UnsafeMutablePointer<CChar>? {
      texts.append(strdup(string))
      return texts[texts.count - 1]
    }
    let commands = changes.map { change -> wimlib_update_command in
      var command = wimlib_update_command()
      switch change {
      case .add(let folder):
        command.op = WIMLIB_UPDATE_OP_ADD
        command.add.fs_source_path = text(folder)
        command.add.wim_target_path = text("/")
        command.add.config_file = nil
        command.add.add_flags = CInt(WIMLIB_ADD_FLAG_NO_ACLS | WIMLIB_ADD_FLAG_NORPFIX)
      case .rename(let from, let to):
        command.op = WIMLIB_UPDATE_OP_RENAME
        command.rename.wim_source_path = text(from)
        command.rename.wim_target_path = text(to)
        command.rename.rename_flags = 0
      case .delete(let path):
        command.op = WIMLIB_UPDATE_OP_DELETE
        command.delete_.wim_path = text(path)
        command.delete_.delete_flags = CInt(WIMLIB_DELETE_FLAG_RECURSIVE)
      }
      return command
    }
    try Wimlib.call {
      wimlib_update_image(handle, CInt(image), commands, commands.count, 0)
    }
  }

  /// Gives the WIM a number of its own, 16 bytes, in place of a random one.
  public func setGUID(_ bytes: [UInt8]) throws(WimError) {
    precondition(bytes.count == Int(WIMLIB_GUID_LEN), "a GUID has 16 bytes")
    var info = wimlib_wim_info()
    withUnsafeMutableBytes(of: &info.guid) { $0.copyBytes(from: bytes) }
    try Wimlib.call { wimlib_set_wim_info(handle, &info, CInt(WIMLIB_CHANGE_GUID)) }
  }

  /// Writes the WIM to a new file, its GUID as it is.
  ///
  /// - Parameter threads: How many compress; as many as there are processors when 0. The bytes are the same.
  public func write(to path: String, threads: Int = 0) throws(WimError) {
    try Wimlib.call {
      wimlib_write(
        handle, path, CInt(WIMLIB_ALL_IMAGES), CInt(WIMLIB_WRITE_FLAG_RETAIN_GUID),
        UInt32(threads))
    }
  }

  /// Sets a value of an image's description, by its path in the XML.
  public func setProperty(_ name: String, ofImage image: Int, to value: String) throws(WimError) {
    try Wimlib.call { wimlib_set_image_property(handle, CInt(image), name, value) }
  }

  /// Writes what was changed since it was opened for writing back to its file.
  public func overwrite() throws(WimError) {
    try Wimlib.call { wimlib_overwrite(handle, CInt(WIMLIB_WRITE_FLAG_RETAIN_GUID), 1) }
  }
}
