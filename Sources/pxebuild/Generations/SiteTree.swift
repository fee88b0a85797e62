import BuildEngine
import Glibc
import Recipes
import SystemPackage

/// The output tree of a site and its earlier states.
struct SiteTree: Sendable {
  let tree: OutputTree
  /// As a person would write it.
  let name: String

  /// Where the option names the tree, recipes are not needed.
  init(_ site: SiteOptions) throws {
    let fromRecipes =
      site.outputFolder == nil
      ? try RecipeSet.load(folder: site.recipes.string, name: site.recipeFolder).site.output : nil
    let output = try site.output(or: fromRecipes)
    tree = OutputTree(output)
    name = site.outputFolder ?? output.string
  }

  /// The oldest first. Throws when there is none.
  func generations() throws -> [Generations.Generation] {
    let all = try tree.generations.all()
    guard !all.isEmpty else {
      throw BuildError(
        .failed, "nothing is known of earlier states of \(name.printable())",
        reason: "no build has kept one there",
        advice: "run pxebuild all, or name the folder with --output")
    }
    return all
  }

  func newest() throws -> Generations.Generation {
    let all = try generations()
    return all[all.count - 1]
  }

  /// The one of a number; the last but one when it is nil.
  func generation(_ number: Int?) throws -> Generations.Generation {
    let all = try generations()
    guard let number else {
      guard all.count > 1 else {
        throw BuildError(
          .failed, "\(name.printable()) has no earlier state",
          reason: "generation \(all[0].number) is the only one")
      }
      return all[all.count - 2]
    }
    guard let found = all.first(where: { $0.number == number }) else {
      throw BuildError(
        .failed, "\(name.printable()) has no generation \(number)",
        reason: "it has \(all.map { "\($0.number)" }.joined(separator: ", "))",
        advice: "pxebuild generations lists them")
    }
    return found
  }

  func bringBack(_ wanted: Generations.Generation, cache: CacheDirectory) async throws
    -> TreeChanges
  {
    let lock = try await cache.lockForBuild()
    defer { lock.release() }
    let treeLock = try tree.lock()
    defer { treeLock.release() }
    let work = try WorkDirectory(in: cache)
    defer { try? work.remove() }  // the next build removes what is left
    let digests = try FileDigests(rememberedIn: cache.state("file-digests"))
    do {
      let changes = try tree.restore(
        wanted.manifest, store: cache.store(work: work), digests: digests)
      try tree.keepGeneration()
      try digests.save()
      return changes
    } catch let lost as LostBlob {
      let file = wanted.manifest.targets.flatMap(\.files).first { $0.sha256 == lost.digest.hex }
      throw BuildError(
        .failed, "generation \(wanted.number) of \(name.printable()) cannot be brought back",
        reason: "the cache \(cache.path.printable) no longer has the bytes of "
          + (file?.path.printable ?? lost.digest.hex),
        advice: "build it again from the recipes of that time; the tree is as it was")
    }
  }
}

/// What `generations` prints.
struct GenerationList: Sendable {
  let tree: String
  let generations: [Generations.Generation]

  var lines: [String] {
    var lines: [String] = []
    for (index, generation) in generations.enumerated() {
      let count = generation.manifest.withoutRecords.targets.count
      var line =
        "\(generation.number)".rightAligned(toColumns: 4) + "  \(Self.timeText(generation.time))  "
        + countText(count, "target")
      if index > 0 {
        let changes = ManifestDifference(
          from: generations[index - 1].manifest, to: generation.manifest
        ).changes
        let words = ManifestDifference.Change.Kind.allCases.compactMap { kind in
          let count = changes.count { $0.kind == kind }
          return count == 0 ? nil : "\(count) \(kind.rawValue)"
        }
        if !words.isEmpty { line += ", " + words.joined(separator: ", ") }
      }
      lines.append(line)
    }
    return lines
  }

  /// "2026-11-26 18:40:12", in the local time zone.
  private static func timeText(_ seconds: Int64) -> String {
    var time = time_t(seconds)
    var parts = tm()
    localtime_r(&time, &parts)
    var text = [CChar](repeating: 0, count: 32)
    let count = strftime(&text, text.count, "%Y-%m-%d %H:%M:%S", &parts)
    return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  var json: JSON {
    .object([
      "output": .string(tree),
      "generations": .array(
        generations.map {
          .object([
            "number": .integer(Int64($0.number)), "time": .integer($0.time),
            "targets": .integer(Int64($0.manifest.targets.count)),
          ])
        }),
    ])
  }
}
