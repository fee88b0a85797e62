import Foundation
import Testing

@testable import WindowsImages

/// Images that are written and read over wimlib.
@Suite struct WimFileTests {
  /// A folder of a test's own, removed with it.
  private final class Folder {
    let path: String

    init() throws {
      path = NSTemporaryDirectory() + "pxebuild-wim-\(UInt32.random(in: 0 ... .max))"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
      try? FileManager.default.removeItem(atPath: path)  // litter is no reason to fail
    }

    func write(_ bytes: Data, to name: String) throws {
      let whole = URL(fileURLWithPath: "\(path)/\(name)")
      try FileManager.default.createDirectory(
        at: whole.deletingLastPathComponent(), withIntermediateDirectories: true)
      try bytes.write(to: whole)
    }

    /// Gives everything one time: whatever reads a file gives it another.
    func stamp(_ name: String) throws {
      let whole = "\(path)/\(name)"
      for inner in (try? FileManager.default.contentsOfDirectory(atPath: whole)) ?? [] {
        try stamp("\(name)/\(inner)")
      }
      let time = timespec(tv_sec: 1_000_000_000, tv_nsec: 0)
      try #require(utimensat(AT_FDCWD, whole, [time, time], 0) == 0)
    }
  }

  /// An image of a tree, its number and dates fixed.
  private func write(_ tree: String, in folder: Folder, to name: String, threads: Int) throws
    -> Data
  {
    try folder.stamp(tree)
    let base = try WimFile(compression: .lzx)
    try base.addImage(named: "made")
    try base.update(image: 1, [.add(folder: "\(folder.path)/\(tree)")])
    try base.setGUID([UInt8](repeating: 7, count: 16))
    let path = "\(folder.path)/\(name)"
    try base.write(to: path, threads: threads)
    let again = try WimFile(path: path, forWriting: true)
    for part in ["HIGHPART", "LOWPART"] {
      try again.setProperty("CREATIONTIME/\(part)", ofImage: 1, to: "0x01C00000")
      try again.setProperty("LASTMODIFICATIONTIME/\(part)", ofImage: 1, to: "0x01C00000")
    }
    try again.overwrite()
    return try Data(contentsOf: URL(fileURLWithPath: path))
  }

  @Test("The same bytes with 1, 2 and 4 threads")
  func threads() throws {
    let folder = try Folder()
    for number in 0..<40 {
      var bytes = Data()
      for index in 0..<20_000 {
        bytes.append(UInt8(truncatingIfNeeded: (index * 7919 + number) * (index / 3) >> 9))
      }
      try folder.write(bytes, to: "tree/d\(number % 3)/f\(number)")
    }
    let first = try write("tree", in: folder, to: "1.wim", threads: 1)
    #expect(first.count > 10_000)
    #expect(try write("tree", in: folder, to: "2.wim", threads: 2) == first)
    #expect(try write("tree", in: folder, to: "4.wim", threads: 4) == first)
  }

  @Test("Names mean the same in any case, and what is not there is nil")
  func names() throws {
    let folder = try Folder()
    try folder.write(Data("text".utf8), to: "tree/Windows/System32/A.txt")
    let wim = try WimFile(compression: .xpress)
    try wim.addImage(named: "made")
    try wim.update(image: 1, [.add(folder: "\(folder.path)/tree")])
    try wim.write(to: "\(folder.path)/x.wim")
    let read = try WimFile(path: "\(folder.path)/x.wim")
    #expect(
      try read.entry(at: "/windows/SYSTEM32/a.TXT", ofImage: 1)?.path == "/Windows/System32/A.txt")
    #expect(try read.entry(at: "/Windows/System32/A.txt", ofImage: 1)?.size == 4)
    #expect(try read.entry(at: "/Windows/b.txt", ofImage: 1) == nil)
    #expect(try read.entries(in: "/windows", ofImage: 1).map(\.path) == ["/Windows/System32"])
    #expect(try read.entries(in: "/nowhere", ofImage: 1) == [])
    #expect(read.image(named: "made") == 1 && read.image(named: "2") == nil)
    #expect(read.property("NAME", ofImage: 1) == "made")
    let info = try read.info
    #expect(info.imageCount == 1 && info.compression == .xpress && info.chunkSize == 32 << 10)
  }

  @Test("wimlib's own words are kept, and say which kind of error it is")
  func errors() throws {
    let folder = try Folder()
    try folder.write(Data(repeating: 65, count: 4096), to: "text.wim")
    #expect {
      _ = try WimFile(path: "\(folder.path)/text.wim")
    } throws: { error in
      let error = error as? WimError
      return error?.kind == .notAWim && error?.message.contains("text.wim") == true
        && error?.code == 43
    }
    #expect {
      _ = try WimFile(path: "\(folder.path)/nothing.wim")
    } throws: { error in
      (error as? WimError)?.message.contains("No such file or directory") == true
    }
  }

  @Test("What follows the writing can end it")
  func stopped() throws {
    struct Enough: Error {}
    let folder = try Folder()
    for number in 0..<20 {
      try folder.write(
        Data((0..<300_000).map { _ in UInt8.random(in: 0...255) }), to: "tree/f\(number)")
    }
    let wim = try WimFile(compression: .lzx)
    try wim.addImage(named: "made")
    try wim.update(image: 1, [.add(folder: "\(folder.path)/tree")])
    wim.follow { _, _ in throw Enough() }
    #expect {
      try wim.write(to: "\(folder.path)/x.wim")
    } throws: { error in
      (error as? WimError)?.kind == .stopped
    }
  }
}
