using System.Text.Json;
using Blip.AI;
using Microsoft.AspNetCore.Http;

namespace Blip.Hosting.Asking;

/// <summary><c>POST /api/match</c>: tells how well texts describe an image.</summary>
internal sealed class MatchEndpoint(ImageRequestReader reader, ImageQuestions images, FamilyCalls family)
{
    public async Task HandleAsync(HttpContext context)
    {
        Fields fields = new();
        IReadOnlyList<SentImage> sent = await reader.ReadAsync(context.Request, fields).ConfigureAwait(false);
        BlipImage image = await images.OpenAsync(sent, frames: false, context.RequestAborted).ConfigureAwait(false);
        (TextMatch[] matches, BlipModelInfo model) = await family.MatchAsync(
            async matcher => (await matcher.MatchAsync(image, fields.Texts, context.RequestAborted).ConfigureAwait(false), matcher.Info),
            context.RequestAborted).ConfigureAwait(false);
        await Bodies.WriteJsonAsync(context, writer =>
        {
            writer.WriteStartObject();
            if (sent[0].Name is { } name)
                writer.WriteString("image", name);
            writer.WriteStartArray("matches");
            foreach (TextMatch match in matches)
                MatchJson.Write(writer, match);
            writer.WriteEndArray();
            AnswerJson.WriteModel(writer, model);
            writer.WriteEndObject();
        }).ConfigureAwait(false);
    }

    private sealed class Fields : RequestFields
    {
        private readonly List<string> _texts = [];

        public override string Expected => "Send 'image' and 'texts'.";

        public IReadOnlyList<string> Texts => _texts;

        public override bool Has(string name) => name == "texts";

        public override void Read(string name, JsonElement value)
        {
            if (value.ValueKind != JsonValueKind.Array)
                throw Invalid("'texts' must be an array of strings.");
            _texts.AddRange(value.EnumerateArray().Select(text => Bodies.Text(text, name)));
        }

        public override void Read(string name, string value) => _texts.Add(value);

        public override void Check()
        {
            if (_texts.Count == 0)
                throw Invalid("No text is given. Send texts (repeated for several).");
            if (_texts.Count > BlipTools.MaxQuestions)
            {
                throw new BlipException(
                    ServiceErrorCode.TooManyQuestions,
                    FormattableString.Invariant($"{_texts.Count} texts were sent; at most {BlipTools.MaxQuestions} are possible at once."));
            }
        }
    }
}
