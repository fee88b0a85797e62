import BootLab
import SystemPackage
import Testing

@testable import pxebuild

@Suite("What is remembered of KVM")
struct ProbeMemoryTests {
  @Test("it holds for the same machine, kernel and emulator only, and a no for an hour")
  func conditions() throws {
    try withTemporaryFolder { folder in
      let file = folder.appending("caches").appending("kvm")
      let memory = ProbeMemory(file: file, conditions: "a b")
      #expect(memory.recall() == nil)
      memory.remember(.kvm, now: 1000)
      #expect(memory.recall(now: 1000) == .kvm && memory.recall(now: 1_000_000) == .kvm)
      #expect(ProbeMemory(file: file, conditions: "a c").recall(now: 1000) == nil)
      memory.remember(.tcg, now: 1000)
      #expect(memory.recall(now: 1000) == .tcg && memory.recall(now: 4599) == .tcg)
      #expect(memory.recall(now: 4600) == nil && memory.recall(now: 999) == nil)
      let left = try names(in: file.removingLastComponent())
      #expect(left == ["kvm"])
    }
  }

  @Test(
    "what cannot be read or written, or is not whole, is no memory and no error",
    arguments: ["", "a b\n", "a b\nkvm\n1000", "a b\nxen\n1000\n", "a b\nkvm\nx\n", "\u{0}"])
  func damage(text: String) throws {
    try withTemporaryFolder { folder in
      let file = folder.appending("kvm")
      try write(text, to: file)
      #expect(ProbeMemory(file: file, conditions: "a b").recall(now: 1000) == nil)
      let under = ProbeMemory(file: file.appending("kvm"), conditions: "a b")
      under.remember(.kvm)
      #expect(under.recall() == nil)
      #expect(ProbeMemory(file: folder, conditions: "a b").recall() == nil)
    }
  }
}
