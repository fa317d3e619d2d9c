using System.Text.Json;
using Blip.Text;
using Microsoft.AspNetCore.Http;

namespace Blip.Hosting.Asking;

/// <summary><c>POST /api/score</c>: tells how well an image shows what a text names, as <c>blip score --json</c> does.</summary>
internal sealed class ScoreEndpoint(ImageRequestReader reader, ImageQuestions images)
{
    public async Task HandleAsync(HttpContext context)
    {
        Fields fields = new();
        IReadOnlyList<SentImage> sent = await reader.ReadAsync(context.Request, fields).ConfigureAwait(false);
        BlipImage image = await images.OpenAsync(sent, frames: false, context.RequestAborted).ConfigureAwait(false);
        (PhraseScore score, BlipModelInfo model) =
            await images.ScoreAsync(image, fields.Texts, context.RequestAborted).ConfigureAwait(false);
        await Bodies.WriteJsonAsync(context, writer => ScoreJson.Write(writer, score, fields.Texts, model, sent[0].Name))
            .ConfigureAwait(false);
    }

    private sealed class Fields() : ListFields("phrases", "phrase")
    {
        private IReadOnlyList<string>? _split;

        public override string Expected => "Send 'image', and 'phrases' or 'prompt'.";

        public override IReadOnlyList<string> Texts => _split ?? base.Texts;

        public override bool Has(string name) => name == "prompt" || base.Has(name);

        public override void Read(string name, JsonElement value)
        {
            if (name != "prompt")
                base.Read(name, value);
            else
                Read(name, Bodies.Text(value, name));
        }

        public override void Read(string name, string value)
        {
            if (name != "prompt")
                base.Read(name, value);
            else if (_split is not null)
                throw Invalid("'prompt' is given more than once. Send it once.");
            else
                _split = NounPhrases.Split(value);
        }

        public override void Check()
        {
            if (_split is null)
                base.Check();
            else if (base.Texts.Count > 0)
                throw Invalid("Send 'phrases' or 'prompt', not both.");
            else
                CheckCount();
        }
    }
}
