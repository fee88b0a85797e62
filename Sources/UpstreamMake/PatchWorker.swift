import BuildEngine

/// Applies a recipe's patches to a copy of the source.
///
/// Reads `source/` and `patches/`, writes `patched/`.
struct PatchWorker {
  let context: WorkerContext

  func run() throws {
    let pool = try context.makePool(in: context.path("source"))
    for name in try context.names(in: "patches") {
      let path = context.path("patches/\(name)").string
      do {
        try pool.run(
          Command([
            "patch", "-p1", "--batch", "--forward", "--no-backup-if-mismatch", "--reject-file=-",
            "--input=\(path)",
          ]))
      } catch let failure as CommandFailure {
        context.print(String(decoding: failure.output, as: UTF8.self))
        throw WorkerFailure("the patch \(name) does not apply to this version of the source")
      }
    }
    try context.move(context.path("source"), to: context.path("patched"))
  }
}
