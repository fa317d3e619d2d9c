using Blip.AI;
using Blip.ImageSharp;
using ModelContextProtocol.Protocol;

namespace Blip.Mcp;

/// <summary>Shows where a question looked as content of MCP: a client's model may see images though the tools return text.</summary>
internal static class EvidenceImage
{
    /// <summary>The longer side in pixels. Even noise stays below 1 MB in base64, which is where some clients refuse a result.</summary>
    private const int MaxSide = 480;

    // One at a time: these pixels are in no budget of the model's.
    private static readonly SemaphoreSlim Turn = new(1, 1);

    /// <summary>Draws the image with the evidence over it.</summary>
    public static async Task<ImageContentBlock> DrawAsync(
        Evidence evidence, BlipImage image, BlipService service, CancellationToken cancellationToken)
    {
        using MemoryStream png = new();
        await Turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            evidence.WritePng(image, png, MaxSide, service.ImageOptions, service.Decoder, cancellationToken);
        }
        finally
        {
            Turn.Release();
        }
        return ImageContentBlock.FromBytes(png.ToArray(), "image/png");
    }
}
