using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Slice.Core.Options;
using Slice.Host.Configuration;
using Slice.Host.Logging;
using Slice.Net.Certificates;

namespace Slice.Host.Service;

/// <summary>
/// SIGHUP: reads the configuration again. Live keys take effect with the next request; others that have changed are named in the log and
/// wait for a restart. An invalid configuration changes nothing and every error is logged. Files of logs are opened again either way.
/// </summary>
/// <remarks>
/// A service of the host, which starts it before Kestrel and disposes it last: uncaught, the signal ends the process, and whoever sees a
/// healthy instance may send it.
/// </remarks>
internal sealed partial class ConfigurationReload : IHostedService, IDisposable
{
    private readonly Lock _lock = new();
    private readonly Func<LoadedConfiguration> _load;
    private readonly LogThreshold _threshold;
    private readonly ILogger _logger;
    private PosixSignalRegistration? _signal;
    private LoadedConfiguration _loaded;
    private SliceOptions _running;
    private Action<SliceOptions>? _apply;
    private ServerCertificate? _certificate;
    private ServiceManager? _manager;
    private Action? _reopenLogs;

    /// <param name="started">The configuration that was started with, without errors.</param>
    /// <param name="load">Loads it anew.</param>
    /// <param name="threshold">Gets the new <c>log_level</c>.</param>
    /// <param name="loggers">Makes the log it reports to.</param>
    public ConfigurationReload(LoadedConfiguration started, Func<LoadedConfiguration> load, LogThreshold threshold, ILoggerFactory loggers)
    {
        (_loaded, _running, _load, _threshold) = (started, started.Options!, load, threshold);
        _logger = loggers.CreateLogger<ConfigurationReload>();
    }

    /// <summary>Says what a reload reaches, once the instance runs. A reload before that is made up for.</summary>
    /// <param name="apply">Puts a configuration in force; called by one reload at a time.</param>
    /// <param name="certificate">The certificate for clients; null without TLS.</param>
    /// <param name="manager">Is told of the begin and the end of each reload; null for nobody.</param>

    /// <param name="reopenLogs">Opens the files of logs again; null when there are none.</param>
    public void Attach(
        Action<SliceOptions> apply, ServerCertificate? certificate, ServiceManager? manager = null, Action? reopenLogs = null)
    {
        lock (_lock)
        {
            (_apply, _certificate, _manager, _reopenLogs) = (apply, certificate, manager, reopenLogs);
            apply(_running);
        }
    }

    /// <summary>Takes the signal over until it is disposed.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _signal = PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal);
        return Task.CompletedTask;
    }

    /// <summary>Nothing: the signal stays taken over while running responses finish.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose() => _signal?.Dispose();

    /// <summary>Reads everything again, as the signal does. Thread-safe: reloads come one after the other.</summary>
    internal void Reload()
    {
        lock (_lock)
        {
            _manager?.TellReloading();
            try
            {
                // First, and whatever the configuration is worth: logrotate has moved the file away and waits.
                _reopenLogs?.Invoke();
                ReloadOptions();
                ReloadCertificate();
            }
            catch (Exception error)
            {
                // The edge of the signal's thread: what arrives here is a defect of ours. It costs this reload, not the process.
                LogRefused(error.ToString());
            }

            _manager?.TellReady();
        }
    }

    private void OnSignal(PosixSignalContext context)
    {
        // Without this the runtime ends the process, as the signal does by default.
        context.Cancel = true;
        Reload();
    }

    private void ReloadOptions()
    {
        LoadedConfiguration loaded = _load();
        if (loaded.Options is not SliceOptions options)
        {
            foreach (ConfigurationError error in loaded.Errors)
            {
                LogRefused(error.ToString());
            }

            return;
        }

        var plan = ReloadPlan.Between(_running, options);
        var report = ReloadReport.Of(plan, _loaded, loaded);
        _apply?.Invoke(plan.Effective);
        (_running, _loaded) = (plan.Effective, loaded);

        // The report passes the more talkative of both thresholds: one that hid itself would look like a signal that was ignored.
        if (!_logger.IsEnabled(LogLevel.Information))
        {
            _threshold.Set(_running.LogLevel);
        }

        LogReloaded(report.Applied, report.Waiting, report.Overridden);
        _threshold.Set(_running.LogLevel);
    }

    // Also when the configuration is as it was: certificates are renewed in place.
    private void ReloadCertificate()
    {
        if (_certificate is not { } certificate)
        {
            return;
        }

        string path = _running.Tls.Certificate!;
        if (certificate.Reload() is { } problem)
        {
            LogCertificateRefused(path, problem);
        }
        else
        {
            LogCertificateReloaded(path);
            CertificateLog.Warn(_logger, _running, TimeProvider.System.GetUtcNow());
        }
    }

    [LoggerMessage(EventId = 20, EventName = "reload_refused", Level = LogLevel.Error,
        Message = "the configuration stays as it was: {problem}")]
    private partial void LogRefused(string problem);

    [LoggerMessage(EventId = 22, EventName = "certificate_refused", Level = LogLevel.Error,
        Message = "the certificate for clients stays as it was: {file}: {problem}")]
    private partial void LogCertificateRefused(string file, string problem);

    [LoggerMessage(EventId = 23, EventName = "certificate_reloaded", Level = LogLevel.Information,
        Message = "the certificate for clients was read again: {file}")]
    private partial void LogCertificateReloaded(string file);

    [LoggerMessage(EventId = 21, EventName = "reloaded", Level = LogLevel.Information,
        Message = "the configuration was read again: applied={applied} waiting={waiting} overridden={overridden}")]
    private partial void LogReloaded(string applied, string waiting, string overridden);
}
