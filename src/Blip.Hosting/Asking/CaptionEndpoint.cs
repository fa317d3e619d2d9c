using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Blip.Hosting.Asking;

/// <summary><c>POST /api/caption</c>: describes an image, as <c>blip caption --json</c> does.</summary>
internal sealed class CaptionEndpoint(ImageRequestReader reader, ImageQuestions images, FamilyCalls family)
{
    public async Task HandleAsync(HttpContext context)
    {
        Fields fields = new();
        IReadOnlyList<SentImage> sent = await reader.ReadAsync(context.Request, fields).ConfigureAwait(false);
        BlipImage image = await images.OpenAsync(sent, frames: false, context.RequestAborted).ConfigureAwait(false);
        Caption caption = await family.CaptionAsync(image, fields.Prompt, fields.Options, context.RequestAborted).ConfigureAwait(false);
        await Bodies.WriteJsonAsync(context, writer => CaptionJson.Write(writer, caption, sent[0].Name)).ConfigureAwait(false);
    }

    private sealed class Fields : RequestFields
    {
        private static readonly string[] OfBeams = ["beams", "best", "length_penalty", "early_stopping"];

        private readonly AskMembers _members = new(AskOptions.Default);

        public override string Expected => "Send 'image'; 'prompt' is how the caption begins, and 'beams' says how it is found.";

        public string? Prompt { get; private set; }

        public CaptionOptions Options => CaptionOptions.Default.WithBeams(_members.Options);

        public override bool Has(string name) => name == "prompt" || OfBeams.Contains(name);

        public override void Read(string name, JsonElement value)
        {
            if (name != "prompt")
                _members.Read(name, value);
            else
                Read(name, Bodies.Text(value, name));
        }

        public override void Read(string name, string value)
        {
            if (name != "prompt")
                _members.Read(name, value);
            else if (Prompt is not null)
                throw Invalid("'prompt' is given more than once. Send it once.");
            else
                Prompt = value;
        }

        public override void Check()
        {
        }
    }
}
