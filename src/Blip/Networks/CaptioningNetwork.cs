using System.Diagnostics;
using Blip.Checkpoints;
using Blip.Decoding;
using Blip.Graphs;
using Blip.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace Blip.Networks;

/// <summary>
/// The architecture <c>BlipForConditionalGeneration</c>: the vision network and the decoder of captions, which attends to the image.
/// </summary>
internal sealed class CaptioningNetwork : ImageNetwork
{
    /// <summary>Captions that share a run: keys and values of an image take 42 MB for the full-size model.</summary>
    private const int MostCaptions = 4;

    private readonly AnswerTokens _tokens;
    private readonly TextDecoder _decoder;

    /// <param name="sessions">Makes the sessions; owned from here on.</param>
    /// <param name="bytesChanged">Gets every change of the native memory of encoded images, in bytes.</param>
    public CaptioningNetwork(SessionFactory sessions, Action<long>? bytesChanged = null)
        : base(sessions, bytesChanged)
    {
        BlipTextConfig text = sessions.Config.Text;
        _tokens = new AnswerTokens(text.BosTokenId, text.SepTokenId);
        _decoder = new TextDecoder(sessions, KeyValueGraph.ForCaptions);
        // Embeddings that stay on a device are not joined.
        MaxCaptions = sessions.KeepsResults ? 1 : MostCaptions;
    }

    /// <summary>The captions that may share a run.</summary>
    public int MaxCaptions { get; }

    public override IReadOnlyList<string> ProbeTexts { get; } = ["", "a picture of", "there is a", "a person", "two"];

    protected override (Action Make, int Share)[] Parts => [(_decoder.Prepare, 5)];

    /// <summary>Writes captions of one or more images in shared passes. Each is what its image gives alone.</summary>
    /// <param name="captions">At most <see cref="MaxCaptions"/>, all by beams or none.</param>
    /// <param name="listener">Gets each caption when it is found.</param>
    /// <param name="cancellationToken">Ends the pass under way.</param>
    public void Caption(IReadOnlyList<ImageCaption> captions, IAnswerListener listener, CancellationToken cancellationToken)
    {
        Sessions.Checkpoint.ThrowIfShrunk();
        long start = Stopwatch.GetTimestamp();
        using RunControl control = new(cancellationToken);
        using AnswerDecoder decoder = Decode([.. captions.Select(caption => caption.Embeddings)], control);
        listener.Encoded(Stopwatch.GetElapsedTime(start));

        IAnswerSearch search = captions[0].Beams is null
            ? new GreedySearch(_tokens, [.. captions.Select(caption => caption.Limits)], guesses: [])
            : new BeamSearch(_tokens, [.. captions.Select(caption => (caption.Limits, caption.Beams!))]);
        search.Run(new PromptedDecoder(decoder, [.. captions.Select(caption => caption.Prompt)]), listener, cancellationToken);
    }

    /// <summary>The logits after the start token and the text, of which [CLS] and [SEP] are left out.</summary>
    public override float[] ProbeLogits(ImageEmbeddings embeddings, int[] ids)
    {
        using RunControl control = new(CancellationToken.None);
        using AnswerDecoder decoder = Decode([embeddings], control);
        return new PromptedDecoder(decoder, [ids[1..^1]]).Step([new DecoderRow(0, _tokens.Start, DecoderRow.None)]).ToArray();
    }

    protected override void PackText(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _decoder.Pack();
    }

    protected override void DisposeParts() => _decoder.Dispose();

    private AnswerDecoder Decode(ImageEmbeddings[] images, RunControl control)
    {
        BlipVisionConfig vision = Sessions.Config.Vision;
        int[] lengths = new int[images.Length];
        Array.Fill(lengths, vision.TokenCount);
        if (images is [{ } image])
            return _decoder.Decode(image.Value, lengths, control);
        int size = vision.TokenCount * vision.HiddenSize;
        float[] all = new float[images.Length * size];
        for (int i = 0; i < images.Length; i++)
            images[i].Value.GetTensorDataAsSpan<float>().CopyTo(all.AsSpan(i * size));
        using OrtValue value = OrtValue.CreateTensorValueFromMemory(all, [1, images.Length * vision.TokenCount, vision.HiddenSize]);
        return _decoder.Decode(value, lengths, control);
    }
}
