using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Blip.Cli;

/// <summary>What <c>--device</c> says: <c>auto</c>, <c>cpu</c>, <c>cuda</c>, or <c>cuda:1</c> for the second GPU.</summary>
/// <param name="Device">The kind of device.</param>
/// <param name="Id">Which GPU, counted from 0.</param>
internal sealed record DeviceChoice(BlipDevice Device, int Id)
{
    private const string Cuda = "cuda";

    public static Option<DeviceChoice?> CreateOption()
    {
        Option<DeviceChoice?> option = new("--device")
        {
            Description = "Where the model runs: auto uses a GPU if possible; cuda:1 is the second GPU. Default: auto.",
            HelpName = "auto|cpu|cuda",
            CustomParser = Parse,
        };
        option.CompletionSources.Add("auto", "cpu", Cuda);
        return option;
    }

    public override string ToString() => Id == 0
        ? Device.ToString().ToLowerInvariant()
        : string.Create(CultureInfo.InvariantCulture, $"{Cuda}:{Id}");

    private static DeviceChoice? Parse(ArgumentResult result)
    {
        string text = result.Tokens[^1].Value;
        switch (text)
        {
            case "auto": return new DeviceChoice(BlipDevice.Auto, 0);
            case "cpu": return new DeviceChoice(BlipDevice.Cpu, 0);
            case Cuda: return new DeviceChoice(BlipDevice.Cuda, 0);
        }
        if (text.StartsWith($"{Cuda}:", StringComparison.Ordinal)
            && byte.TryParse(text.AsSpan(Cuda.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out byte id))
            return new DeviceChoice(BlipDevice.Cuda, id);
        result.AddError($"--device is {text}, but must be one of auto, cpu, {Cuda}, or {Cuda}:1 for the second GPU.");
        return null;
    }
}
