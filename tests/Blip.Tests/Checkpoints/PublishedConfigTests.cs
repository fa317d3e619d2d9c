using System.Text.Json.Nodes;
using Blip.Checkpoints;
using Xunit;

namespace Blip.Tests.Checkpoints;

/// <summary>Shapes of config.json as they are published, by what differs from that of <c>base</c>; null takes a key away.</summary>
public class PublishedConfigTests
{
    /// <summary>Read as the same model.</summary>
    public static TheoryData<string> Read =>
    [
        "{}",
        """{"architectures":null}""",
        """{"model_type":null}""",
        """{"architectures":[]}""",
        """{"dtype":null,"torch_dtype":"float32"}""",
        """{"dtype":"float16"}""",
        """{"_commit_hash":"0123","_name_or_path":"org/name","transformers_version":"4.26.0.dev0"}""",
        """{"transformers_version":null,"_commit_hash":null}""",
        """{"initializer_factor":1,"logit_scale_init_value":2.6592,"projection_dim":512,"image_text_hidden_size":256}""",
        """{"text_config":{"eos_token_id":2}}""",
        """{"text_config":{"eos_token_id":[2,3]}}""",
        """{"text_config":{"encoder_hidden_size":32,"is_decoder":true,"use_cache":false}}""",
        """{"text_config":{"add_cross_attention":false,"bad_words_ids":null,"top_k":50,"top_p":1.0,"typical_p":1.0,"num_beams":1}}""",
        """{"text_config":{"id2label":{"0":"LABEL_0"},"label2id":{"LABEL_0":0},"problem_type":null,"pruned_heads":{}}}""",
        """{"text_config":{"hidden_act":null}}""",
        """{"text_config":{"layer_norm_eps":1E-12}}""",
        """{"text_config":{"model_type":"blip_text_model","_name_or_path":"","torchscript":false,"tf_legacy_loss":false}}""",
        """{"text_config":{"decoder_start_token_id":null,"forced_bos_token_id":null,"min_length":0,"max_length":20}}""",
        """{"vision_config":{"hidden_act":"gelu","num_channels":3,"dropout":0.0,"initializer_factor":1.0}}""",
        """{"vision_config":{"layer_norm_eps":null}}""",
        """{"vision_config":{"model_type":"blip_vision_model","torch_dtype":null,"chunk_size_feed_forward":0}}""",
        """{"vision_config":{"patch_size":16,"image_size":64}}""",
        """{"tie_word_embeddings":true}""",
        """{"tie_word_embeddings":false}""",
        """{"text_config":{"tie_word_embeddings":false},"tie_word_embeddings":true}""",
        """{"text_config_dict":{"vocab_size":1},"vision_config_dict":{"hidden_size":1}}""",
        """{"label_smoothing":0.1,"use_cache":true,"id2label":{"0":"a","1":"b"}}""",
    ];

    /// <summary>Refused, with what the message says.</summary>
    public static TheoryData<string, string> Refused => new()
    {
        { """{"architectures":["BlipForImageTextRetrieval"]}""", "vision_proj" },
        { """{"architectures":["BlipModel"]}""", "BlipModel" },
        { """{"architectures":["Blip2ForConditionalGeneration"],"model_type":"blip-2"}""", "BLIP-2" },
        { """{"architectures":["InstructBlipForConditionalGeneration"],"model_type":"instructblip"}""", "InstructBLIP" },
        { """{"architectures":["ViltForQuestionAnswering"],"model_type":"vilt"}""", "ViltForQuestionAnswering" },
        { """{"architectures":null,"model_type":"git"}""", "git" },
        { """{"text_config":{"hidden_act":"gelu_new"}}""", "gelu_new" },
        { """{"vision_config":{"hidden_act":"quick_gelu"}}""", "quick_gelu" },
        { """{"vision_config":{"hidden_size":48,"num_attention_heads":3}}""", "needs them equal" },
        { """{"text_config":{"num_hidden_layers":3}}""", "text_encoder.encoder.layer.2" },
        { """{"text_config":{"vocab_size":30524}}""", "30524" },
        { """{"text_config":{"bos_token_id":30522}}""", "bos_token_id" },
        { """{"vision_config":{"image_size":128}}""", "image_size" },
        { """{"vision_config":{"patch_size":8}}""", "vision_model.embeddings" },
        { """{"text_config":{"num_attention_heads":5}}""", "num_attention_heads" },
    };

    [Theory]
    [MemberData(nameof(Read))]
    public void Open_PublishedShape_IsTheSameModel(string difference)
    {
        using TempFolder folder = new();
        Write(folder.Path, difference);
        using Checkpoint checkpoint = Checkpoint.Open(folder.Path), original = Checkpoint.Open(GoldenModels.Folder("base"));
        Assert.Equal(Plain(original.Config), Plain(checkpoint.Config));
        Assert.Equal(original.IsHeadTied, checkpoint.IsHeadTied);
        Assert.Equal("BlipForQuestionAnswering", checkpoint.Architecture.Name);

        // What the model does not use.
        static BlipConfig Plain(BlipConfig config) => config with { TieWordEmbeddings = false, EmbeddingSize = 1 };
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void Open_AnotherModelsShape_NamesWhatDiffers(string difference, string says)
    {
        using TempFolder folder = new();
        Write(folder.Path, difference);
        string message = Assert.Throws<BlipModelException>(() => Checkpoint.Open(folder.Path)).Message;
        Assert.Contains(says, message, StringComparison.Ordinal);
    }

    /// <summary>What Python writes and reads beyond JSON.</summary>
    [Theory]
    [InlineData("\"initializer_factor\": 1.0", "\"initializer_factor\": NaN")]
    [InlineData("\"initializer_factor\": 1.0", "\"initializer_factor\": [Infinity, -Infinity, \"NaN \\\" NaN\", NaN]")]
    [InlineData("\"model_type\": \"blip\",", "\"model_type\": \"git\", \"model_type\": \"blip\",")]
    [InlineData("\"layer_norm_eps\": 1e-12", "\"layer_norm_eps\": NaN, \"layer_norm_eps\": 1e-12")]
    public void Open_ConfigAsPythonReadsIt_IsTheSameModel(string part, string replacement)
    {
        using TempFolder folder = new();
        Replace(folder.Path, part, replacement);
        using Checkpoint checkpoint = Checkpoint.Open(folder.Path), original = Checkpoint.Open(GoldenModels.Folder("base"));
        Assert.Equal(original.Config, checkpoint.Config);
    }

    [Theory]
    [InlineData("\"layer_norm_eps\": 1e-12", "\"layer_norm_eps\": NaN", "layer_norm_eps in config.json cannot be used: it is \"NaN\"")]
    [InlineData("\"vocab_size\": 536", "\"vocab_size\": 536, \"vocab_size\": 30524", "30524")]
    [InlineData("\"initializer_factor\": 1.0", "\"initializer_factor\": nan", "config.json is not valid JSON (line 7)")]
    public void Open_ConfigThatPythonReadsOtherwise_IsOneError(string part, string replacement, string says)
    {
        using TempFolder folder = new();
        Replace(folder.Path, part, replacement);
        string message = Assert.Throws<BlipModelException>(() => Checkpoint.Open(folder.Path)).Message;
        Assert.Contains(says, message, StringComparison.Ordinal);
    }

    private static void Replace(string folder, string part, string replacement)
    {
        CheckpointTests.Copy("base", folder);
        string path = Path.Combine(folder, "config.json"), text = File.ReadAllText(path);
        Assert.Contains(part, text, StringComparison.Ordinal);
        File.WriteAllText(path, text.Replace(part, replacement, StringComparison.Ordinal));
    }

    private static void Write(string folder, string difference)
    {
        CheckpointTests.Copy("base", folder);
        string path = Path.Combine(folder, "config.json");
        JsonObject root = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        foreach ((string key, JsonNode? value) in JsonNode.Parse(difference)!.AsObject())
        {
            if (value is JsonObject section && root[key] is JsonObject target)
            {
                foreach ((string inner, JsonNode? innerValue) in section)
                    target[inner] = innerValue?.DeepClone();
            }
            else if (value is null)
                root.Remove(key);
            else
                root[key] = value.DeepClone();
        }
        File.WriteAllText(path, root.ToJsonString());
    }
}
