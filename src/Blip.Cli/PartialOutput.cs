namespace Blip.Cli;

/// <summary>Where output grows until it is whole: beside its target, so that a rename finishes it, under a name that nobody else has.</summary>
internal static class PartialOutput
{
    public static string Beside(string target) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(target)) ?? "", $".blip-{Guid.NewGuid():N}");
}
