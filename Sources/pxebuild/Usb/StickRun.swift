import BuildEngine
import DiskWriter
import Downloads
import Recipes
import SystemPackage

/// `usb`: the whole way from the recipes to a stick that was read back.
struct StickRun: Sendable {
  struct Request: Sendable {
    /// Nil for the one that the recipes suggest.
    var image: String?
    /// The disk or the file, as the person named it.
    var device: String
    var isFile: Bool
    var asks: Bool
    var verifies: Bool
    var onlyDifferences: Bool
    var forcedName: String?
  }

  let site: SiteOptions
  let build: BuildOptions
  let console: Console
  let request: Request

  func run() async throws -> ExitStatus {
    let images = StickImages(site: site, build: build, console: console)
    let recipes = try await images.recipes()
    let name = try images.choose(request.image, of: recipes)
    let path = try absolute(request.device)
    let judge = StickJudge(
      path: path, request: request, protected: try protectedPaths(recipes), console: console)
    // Nobody waits for a compiler to learn of a wrong disk.
    if case .refused(let status) = try judge.look(for: nil) { return status }
    switch try await images.make(name) {
    case .failed(let status): return status
    case .image(let image):
      defer { image.close() }
      return try await write(image, judge)
    }
  }

  private func write(_ image: StickImage, _ judge: StickJudge) async throws -> ExitStatus {
    let place: DevicePlace
    switch try judge.look(for: image) {
    case .refused(let status): return status
    case .fit(let found): place = found
    }
    if build.dryRun {
      try console.show(StickForecast(image: image, device: request.device, place: place))
      return .success
    }
    if let status = try await StickQuestion(
      image: image, device: request.device, place: place, asks: request.asks, console: console
    ).ask() {
      return status
    }
    // What was plugged in while a person thought is another disk; the open handle is compared in any case.
    if request.asks, case .refused(let status) = try judge.look(for: image) { return status }
    let destination = try judge.open(place)
    defer { destination.close() }
    return try await write(image, to: destination)
  }

  private func protectedPaths(_ recipes: RecipeSet) throws -> [StickJudge.Protected] {
    var result: [StickJudge.Protected] = [
      .init(what: "the recipes", path: try site.recipes),
      .init(what: "the cache", path: try site.cache),
    ]
    // Nothing is placed there: a person who only makes sticks may have none.
    if let output = try? site.output(or: recipes.site.output) {
      result.append(.init(what: "the output", path: output))
    }
    return result
  }

  // MARK: Writing

  private func write(_ image: StickImage, to destination: Destination) async throws -> ExitStatus {
    let start = console.seconds
    let steps = StickProgress(
      image: image, device: request.device, console: console, first: image.actionCount)
    let report: ImageWrite.Report
    do {
      report = try await console.display(planSize: image.actionCount) {
        try await steps.run { progress in
          try await ImageWrite(image.source, to: destination, progress: progress)
            .run(onlyDifferences: request.onlyDifferences, verifies: request.verifies)
        }
      }
    } catch let error as BuildError where error.kind == .cancelled {
      if console.mode == .json {
        console.show(error)
      } else {
        console.printErrors(error.lines(console.errorStyle))
      }
      return .interrupted
    }
    let isKnown = destination.readPartitions()
    try console.show(
      StickSummary(
        image: image, device: request.device, report: report, wasCompared: request.onlyDifferences,
        hasNewPartitions: isKnown, seconds: console.seconds - start))
    return .success
  }
}
