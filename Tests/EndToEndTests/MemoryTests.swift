import Foundation
import Testing

@Suite("Memory")
struct MemoryTests {
  private static let limit = 150 * 1_000_000

  @Test("A file of a gigabyte stays under 150 MB of memory")
  func bigFile() async throws {
    try await withSite { site in
      try site.write(Data(), to: "recipes/big")
      #expect(truncate("\(site.recipes)/big", 1 << 30) == 0)
      try site.recipe("targets:\n  big: { file: big }\n")
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.peakMemory < Self.limit)
      #expect(run.peakMemory > 5_000_000, "it was looked at")
      var status = stat()
      #expect(stat("\(site.output)/big", &status) == 0 && status.st_size == 1 << 30)
      let verify = try await site.run("cache", "verify")
      #expect(verify.status == 0 && verify.peakMemory < Self.limit)
    }
  }

  @Test("Ten thousand small files stay under 150 MB of memory, and are up to date in no time")
  func manyFiles() async throws {
    try await withSite { site in
      var recipe = "targets:\n"
      for index in 0..<10_000 {
        recipe += "  d\(index % 100)/f\(index): { script: \"\(index)\" }\n"
      }
      try site.recipe(recipe)
      let run = try await site.run("all", "-q")
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.peakMemory < Self.limit)
      #expect(site.served.count == 10_000)
    }
  }
}
