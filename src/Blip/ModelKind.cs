using Blip.Checkpoints;
using Blip.Networks;
using Blip.Runtime;

namespace Blip;

/// <summary>A kind of model: what a checkpoint must be, and what network it becomes.</summary>
/// <param name="Architecture">The name of the architecture in config.json.</param>
/// <param name="DemoModel">The name of the demo model of this kind.</param>
/// <param name="Owner">The class that users load: errors and what is logged name it.</param>
/// <param name="Create">Makes the network; gets every change of the native memory of encoded images.</param>
internal sealed record ModelKind<TNetwork>(
    string Architecture, string DemoModel, Type Owner, Func<SessionFactory, Action<long>?, TNetwork> Create)
    where TNetwork : ImageNetwork;

/// <summary>The kinds of models.</summary>
internal static class ModelKinds
{
    public static ModelKind<QuestionAnsweringNetwork> QuestionAnswering { get; } = new(
        QuestionAnsweringArchitecture.ArchitectureName, BlipModel.DemoModel, typeof(BlipModel),
        (sessions, bytesChanged) => new QuestionAnsweringNetwork(sessions, bytesChanged));

    public static ModelKind<CaptioningNetwork> Captioning { get; } = new(
        CaptioningArchitecture.ArchitectureName, BlipCaptioner.DemoModel, typeof(BlipCaptioner),
        (sessions, bytesChanged) => new CaptioningNetwork(sessions, bytesChanged));

    public static ModelKind<MatchingNetwork> Matching { get; } = new(
        MatchingArchitecture.ArchitectureName, BlipMatcher.DemoModel, typeof(BlipMatcher),
        (sessions, bytesChanged) => new MatchingNetwork(sessions, bytesChanged));
}
